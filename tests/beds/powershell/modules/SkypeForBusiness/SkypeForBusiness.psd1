@{
    RootModule = 'SkypeForBusiness.psm1'
    ModuleVersion = '0.1.0'
    GUID = 'e951a3ab-5cb5-4da2-9c72-544123af29c4'
    FunctionsToExport = @(
        'Get-CsComputer',
        'Get-CsWindowsService',
        'Stop-CsWindowsService',
        'Start-CsWindowsService',
        'Get-CsPoolUpgradeReadinessState',
        'Get-CsUpgradeDomainInfo',
        'Get-CsServerPatchVersion',
        'Invoke-CsComputerFailOver',
        'Invoke-CsComputerFailBack',
        'Get-CsRegistrarConfiguration',
        'Get-CsPoolBackupRelationship',
        'Get-CsBackupServiceStatus',
        'Get-CsManagementStoreReplicationStatus',
        'Get-CsService',
        'Get-CsPoolFabricState',
        'Test-CsDatabase',
        'Install-CsDatabase',
        'Invoke-CsPoolFailOver',
        'Invoke-CsPoolFailBack',
        'Get-CimInstance',
        'Restart-Computer'
    )
    CmdletsToExport = @()
    AliasesToExport = @()
}
