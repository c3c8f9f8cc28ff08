@{
    RootModule = 'Lync.psm1'
    ModuleVersion = '0.1.0'
    GUID = 'ac0ff2fc-37a3-4745-951f-693731ac0d41'
    FunctionsToExport = @(
        'Get-CsComputer',
        'Get-CsWindowsService',
        'Stop-CsWindowsService',
        'Start-CsWindowsService',
        'Get-CsPoolUpgradeReadinessState',
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
        'Get-ItemProperty',
        'Restart-Computer'
    )
    CmdletsToExport = @()
    AliasesToExport = @()
}
