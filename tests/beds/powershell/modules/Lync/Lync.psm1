# Lync Server 2013.
. ([System.IO.Path]::Combine($PSScriptRoot, '..', 'pool.ps1'))
Export-ModuleMember -Function Get-CsComputer, Get-CsWindowsService, Stop-CsWindowsService, Start-CsWindowsService, Get-CsPoolUpgradeReadinessState,
Get-CsRegistrarConfiguration, Get-CsPoolBackupRelationship, Get-CsBackupServiceStatus, Get-CsManagementStoreReplicationStatus, Get-CsService,
Invoke-CsPoolFailOver, Invoke-CsPoolFailBack, Get-ItemProperty, Get-CimInstance, Restart-Computer
